import type { Metadata } from "next";
import { Suspense } from "react";
import { SpecificationPage } from "../../screens/specifications/specification-page.tsx";

export const metadata: Metadata = { title: "Specifications" };

export default function SpecificationsPage() {
  return (
    <Suspense>
      <SpecificationPage />
    </Suspense>
  );
}
