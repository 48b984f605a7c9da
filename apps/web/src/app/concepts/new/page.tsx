import type { Metadata } from "next";
import { Suspense } from "react";
import { NewConceptSet } from "../../../screens/concepts/concept-set-page.tsx";

export const metadata: Metadata = { title: "New concept set" };

export default function NewConceptSetPage() {
  return (
    <Suspense>
      <NewConceptSet />
    </Suspense>
  );
}
