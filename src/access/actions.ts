/** What somebody may be allowed to do. `control`: start, stop and other commands. `admin`: everything else. */
export type Action = "publish" | "read" | "playback" | "api" | "metrics" | "control" | "admin";

export const allActions: readonly Action[] = ["publish", "read", "playback", "api", "metrics", "control", "admin"];

/** What an open relay lets everybody do. */
export const openActions: readonly Action[] = allActions.filter((action) => action !== "admin");
