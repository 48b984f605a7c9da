import { type ReactNode, Suspense } from "react";
import { RunFrame } from "../../../screens/run/run-frame.tsx";

type Props = { params: Promise<{ id: string }>; children: ReactNode };

export default async function RunLayout({ params, children }: Props) {
  const { id } = await params;
  return (
    <Suspense>
      <RunFrame id={decodeURIComponent(id)}>{children}</RunFrame>
    </Suspense>
  );
}
