import type { Metadata } from "next";
import Link from "next/link";
import { EmptyState } from "../ui/page-states.tsx";

export const metadata: Metadata = { title: "No such page" };

export default function NotFound() {
  return (
    <EmptyState wholePage title="There is no such page">
      <p>
        Go on from the{" "}
        <Link href="/" className="text-accent underline">
          overview
        </Link>
        .
      </p>
    </EmptyState>
  );
}
