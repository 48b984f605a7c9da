import { readEnvironment, setting } from "@faultline/db";
import { NETWORK_MEMORY, SMALLEST_NETWORK_MEMORY } from "@faultline/inference";

/** 0 and 1 are what there was before `token`. */
const introspection = {
  0: "nobody",
  1: "everyone",
  nobody: "nobody",
  everyone: "everyone",
  token: "token",
} as const;

/**
 * The settings of an API process; apps/api/README.md says what each is for.
 *
 * @throws EnvironmentError naming each variable that cannot be understood
 */
export function apiSettings(environment: NodeJS.ProcessEnv = process.env) {
  return readEnvironment(
    {
      PORT: setting.count({ max: 65_535 }).default(4000),
      HOST: setting.text().default("127.0.0.1"),
      FAULTLINE_LOCAL_USER: setting.flag().default(false),
      /** Shared with the dashboard, which shows by it that a request came through its own proxy. */
      FAULTLINE_PROXY_KEY: setting
        .text()
        .refine((key) => /^[\w-]{32,200}$/.test(key), "Give 32 to 200 letters, digits, - and _, at random.")
        .optional(),
      FAULTLINE_INTROSPECTION: setting
        .choice(["token", "everyone", "nobody", "0", "1"])
        .default("token")
        .transform((word) => introspection[word]),
      FAULTLINE_HTTPS: setting.flag().default(false),
      FAULTLINE_REQUEST_TIMEOUT: setting.duration({ min: 1000, max: 3_600_000 }).default(60_000),
      FAULTLINE_STATEMENT_TIMEOUT: setting.duration({ min: 100, max: 3_600_000 }).default(30_000),
      FAULTLINE_POOL_TIMEOUT: setting.duration({ min: 100, max: 3_600_000 }).default(10_000),
      FAULTLINE_DATABASE_CONNECTIONS: setting.count({ min: 2, max: 1000 }).default(10),
      FAULTLINE_MAX_SUBSCRIPTIONS: setting.count({ min: 1, max: 100_000 }).default(1000),
      FAULTLINE_MAX_SUBSCRIPTIONS_PER_TOKEN: setting.count({ min: 1, max: 100_000 }).default(100),
      FAULTLINE_ALLOWED_ORIGINS: setting.list().default([]),
      FAULTLINE_MAX_UPLOAD_BYTES: setting.size().optional(),
      FAULTLINE_PROJECT_QUOTA: setting.size({ min: 0 }).optional(),
      FAULTLINE_NETWORK_MEMORY: setting.size({ min: SMALLEST_NETWORK_MEMORY }).default(NETWORK_MEMORY),
      FAULTLINE_LOG_LEVEL: setting.logLevel().default("info"),
    },
    environment,
  );
}
