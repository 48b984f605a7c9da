import { InputsTable } from "../../../../screens/inputs/inputs-table.tsx";

type Props = { params: Promise<{ id: string }> };

export default async function InputsPage({ params }: Props) {
  const { id } = await params;
  return <InputsTable runId={decodeURIComponent(id)} />;
}
