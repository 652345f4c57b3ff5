import type { FastifyInstance } from "fastify";
import type { Guard } from "./guard.ts";
import { healthOperation, metricsOperation } from "./openapi/health.ts";
import { about } from "./openapi/operation.ts";
import type { HttpRoom } from "./room.ts";

function counts({ hub }: HttpRoom) {
	let active = 0;
	let viewers = 0;
	for (const { stream, publication } of hub.paths) {
		if (publication) active++;
		viewers += stream?.audience ?? 0;
	}
	return { active_streams: active, total_viewers: viewers };
}

/** `/health`: a few fields for everybody, more for those who may see the API. */
export function healthRoutes(app: FastifyInstance, room: HttpRoom, guard: Guard): void {
	app.get("/health", about(healthOperation), async (request, reply) => {
		reply.header("Cache-Control", "no-store");
		const ready = room.webrtc !== undefined;
		const health = {
			status: ready ? "healthy" : "degraded",
			timestamp: new Date().toISOString(),
			kurento_connected: ready,
			...counts(room),
		};
		const principal = await guard.recognise(request);
		if (!principal.may("api")) return health;
		const { rss, heapUsed } = process.memoryUsage();
		const cpu = process.cpuUsage();
		return {
			...health,
			version: room.version,
			uptime_seconds: Math.round((Date.now() - room.startedAt) / 1000),
			cpu_seconds: Math.round((cpu.user + cpu.system) / 1000) / 1000,
			memory_bytes: rss,
			heap_bytes: heapUsed,
		};
	});
}

/** `/metrics` in Prometheus' text format. */
export function metricsRoutes(app: FastifyInstance, room: HttpRoom, guard: Guard): void {
	app.get("/metrics", about(metricsOperation), async (request, reply) => {
		await guard.admit(request, "metrics");
		const { text, contentType } = await room.metrics.scrape();
		return reply.type(contentType).header("Cache-Control", "no-store").send(text);
	});
}
