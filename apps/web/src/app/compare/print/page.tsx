import { Suspense } from "react";
import { ComparisonPrint } from "../../../screens/compare/comparison-print.tsx";

export default function ComparisonPrintPage() {
  return (
    <Suspense>
      <ComparisonPrint />
    </Suspense>
  );
}
