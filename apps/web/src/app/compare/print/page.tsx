import { Suspense } from "react";
import { ComparisonPrint } from "../../../components/comparison-print.tsx";

export default function ComparisonPrintPage() {
  return (
    <Suspense>
      <ComparisonPrint />
    </Suspense>
  );
}
