import type { Metadata } from "next";
import { Suspense } from "react";
import { Comparison } from "../../components/comparison.tsx";

export const metadata: Metadata = { title: "Compare runs" };

export default function ComparePage() {
  return (
    <Suspense>
      <Comparison />
    </Suspense>
  );
}
