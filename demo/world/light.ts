import type { Random } from "./random.ts";

/** The light of a picture: the sky's colours, the tint it lays over everything, and how dark shadows are. */
export interface Light {
  readonly name: string;
  readonly skyTop: string;
  readonly skyLow: string;
  readonly tint: string;
  readonly tintOpacity: number;
  readonly shadow: number;
}

const lights: Readonly<Record<"noon" | "golden" | "dusk" | "overcast" | "moonlit", Light>> = {
  noon: {
    name: "noon",
    skyTop: "#3f8fd8",
    skyLow: "#d3ecfa",
    tint: "#fff6d8",
    tintOpacity: 0.05,
    shadow: 0.34,
  },
  golden: {
    name: "golden",
    skyTop: "#7f93cf",
    skyLow: "#ffd9a0",
    tint: "#ff9436",
    tintOpacity: 0.15,
    shadow: 0.36,
  },
  dusk: {
    name: "dusk",
    skyTop: "#3b3f7c",
    skyLow: "#f0a08c",
    tint: "#4c2f86",
    tintOpacity: 0.22,
    shadow: 0.3,
  },
  overcast: {
    name: "overcast",
    skyTop: "#97a9b8",
    skyLow: "#e3eaee",
    tint: "#8796a4",
    tintOpacity: 0.12,
    shadow: 0.2,
  },
  moonlit: {
    name: "moonlit",
    skyTop: "#0e1a3c",
    skyLow: "#3d5a8e",
    tint: "#0d1c50",
    tintOpacity: 0.34,
    shadow: 0.3,
  },
};

/** Draws the light of a picture: noon more often than moonlight. */
export function sampleLight(random: Random): Light {
  return lights[random.weighted({ noon: 0.42, golden: 0.2, dusk: 0.12, overcast: 0.18, moonlit: 0.08 })];
}
