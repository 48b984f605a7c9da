import { RunPrint } from "../../../../screens/run/run-print.tsx";

type Props = { params: Promise<{ id: string }> };

export default async function RunPrintPage({ params }: Props) {
  const { id } = await params;
  return <RunPrint id={decodeURIComponent(id)} />;
}
