import { InputVerdict } from "../../../../../screens/input/input-verdict.tsx";

type Props = { params: Promise<{ id: string; externalId: string[] }> };

export default async function InputPage({ params }: Props) {
  const { id, externalId } = await params;
  return (
    <InputVerdict runId={decodeURIComponent(id)} externalId={externalId.map(decodeURIComponent).join("/")} />
  );
}
