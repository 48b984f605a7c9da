import { readEnvironment, setting } from "@faultline/db";

/**
 * The settings of an API process: PORT (4000), HOST (127.0.0.1), FAULTLINE_LOCAL_USER, FAULTLINE_INTROSPECTION,
 * FAULTLINE_ALLOWED_ORIGINS (commas between), FAULTLINE_MAX_UPLOAD_BYTES (16GiB), FAULTLINE_PROJECT_QUOTA (200GiB),
 * FAULTLINE_LOG_LEVEL (info).
 *
 * @throws EnvironmentError naming each variable that cannot be understood
 */
export function apiSettings(environment: NodeJS.ProcessEnv = process.env) {
  return readEnvironment(
    {
      PORT: setting.count({ max: 65_535 }).default(4000),
      HOST: setting.text().default("127.0.0.1"),
      FAULTLINE_LOCAL_USER: setting.flag().default(false),
      FAULTLINE_INTROSPECTION: setting.flag().default(true),
      FAULTLINE_ALLOWED_ORIGINS: setting.list().default([]),
      FAULTLINE_MAX_UPLOAD_BYTES: setting.size().optional(),
      FAULTLINE_PROJECT_QUOTA: setting.size({ min: 0 }).optional(),
      FAULTLINE_LOG_LEVEL: setting
        .choice(["fatal", "error", "warn", "info", "debug", "trace", "silent"])
        .default("info"),
    },
    environment,
  );
}
