import { DetectorPage } from "../../../../screens/detector/detector-page.tsx";

type Props = { params: Promise<{ id: string }> };

export default async function RunDetectorPage({ params }: Props) {
  const { id } = await params;
  return <DetectorPage runId={decodeURIComponent(id)} />;
}
