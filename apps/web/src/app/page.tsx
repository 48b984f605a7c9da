import { Suspense } from "react";
import { Overview } from "../components/overview.tsx";

export default function OverviewPage() {
  return (
    <Suspense>
      <Overview />
    </Suspense>
  );
}
