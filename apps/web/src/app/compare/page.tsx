import type { Metadata } from "next";
import { Suspense } from "react";
import { Comparison } from "../../screens/compare/comparison.tsx";

export const metadata: Metadata = { title: "Compare runs" };

export default function ComparePage() {
  return (
    <Suspense>
      <Comparison />
    </Suspense>
  );
}
