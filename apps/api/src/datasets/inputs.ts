import { encodeGlobalID } from "@pothos/plugin-relay";
import { builder } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";
import { SplitType } from "../enums.ts";

export const InputType = builder.prismaNode("Input", {
  description: "One input of a dataset: a picture, or a row of brought embeddings.",
  id: { field: "id" },
  findUnique: (id) => ({ id: BigInt(id) }),
  fields: (t) => ({
    externalId: t.exposeString("externalId", { description: "The id that its team knows it by." }),
    split: t.expose("split", { type: SplitType, description: "What it is used for." }),
    trueClass: t.string({
      nullable: true,
      description: "Its label; null when unlabelled.",
      select: { label: true, dataset: { select: { classes: true } } },
      resolve: ({ label, dataset }) => (label === null ? null : dataset.classes[label]),
    }),
    position: t.exposeInt("position", { description: "Place in its dataset, from 0." }),
    imageUrl: t.string({
      nullable: true,
      description: "Path of the picture on this API, e.g. /inputs/<id>/image; null when there is no picture.",
      select: { id: true, imageSha256: true },
      resolve: ({ id, imageSha256 }) =>
        imageSha256 === null ? null : `/inputs/${encodeURIComponent(encodeGlobalID("Input", id))}/image`,
    }),
    cleanInput: t.relation("cleanInput", {
      nullable: true,
      description: "What it was made from, if attacked.",
    }),
    attackedInputs: t.relation("attacked", {
      description: "Attacked versions of it, oldest first; at most 100.",
      query: { orderBy: { id: "asc" }, take: 100 },
    }),
    dataset: t.relation("dataset", { description: "The dataset that it belongs to." }),
  }),
});

export const inputPage = connectionOf("Input", InputType);
