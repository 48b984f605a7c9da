import { Suspense } from "react";
import { ConceptSetPage } from "../../../screens/concepts/concept-set-page.tsx";

type Props = { params: Promise<{ id: string }> };

export default async function ConceptSetRoute({ params }: Props) {
  const { id } = await params;
  return (
    <Suspense>
      <ConceptSetPage id={decodeURIComponent(id)} />
    </Suspense>
  );
}
