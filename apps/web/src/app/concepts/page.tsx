import type { Metadata } from "next";
import { Suspense } from "react";
import { ConceptSets } from "../../screens/concepts/concept-sets.tsx";

export const metadata: Metadata = { title: "Concept sets" };

export default function ConceptSetsPage() {
  return (
    <Suspense>
      <ConceptSets />
    </Suspense>
  );
}
