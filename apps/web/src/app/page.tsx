import { Suspense } from "react";
import { Overview } from "../screens/overview/overview.tsx";

export default function OverviewPage() {
  return (
    <Suspense>
      <Overview />
    </Suspense>
  );
}
