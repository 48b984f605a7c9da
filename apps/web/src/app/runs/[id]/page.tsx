import { RunReport } from "../../../screens/run/run-report.tsx";

type Props = { params: Promise<{ id: string }> };

export default async function RunPage({ params }: Props) {
  const { id } = await params;
  return <RunReport id={decodeURIComponent(id)} />;
}
