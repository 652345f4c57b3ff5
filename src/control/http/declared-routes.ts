import type { FastifyInstance } from "fastify";
import type { Operation } from "./openapi/operation.ts";

/** A route and what can be asked there, by one method. */
export interface DeclaredRoute {
	/** As HTTP writes it. */
	readonly method: string;
	/** The route's address, `*` and `:name` standing for anything. */
	readonly url: string;
	/** Empty where nothing says what it is about. */
	readonly operations: readonly Operation[];
}

declare module "fastify" {
	interface FastifyInstance {
		/** Every route but HEAD's, which are answered wherever GET is. */
		readonly declaredRoutes: readonly DeclaredRoute[];
		/** What can be done at a path (as it is sent, without its query); empty where no route but for streams is there. */
		methodsAt(path: string): readonly string[];
	}
}

/** What is below streams of any name: it says nothing about a path that it has the route. */
const ANY = "/*";

/** Which paths a route's address stands for. */
function patternOf(url: string): RegExp {
	const text = url.replaceAll(/[.+?^$()|[\]\\{}]/g, String.raw`\$&`);
	return new RegExp(`^${text.replaceAll("*", ".*").replaceAll(/:\w+/g, "[^/]+")}$`);
}

/** Keeps what the routes that are declared from now on are about, in `app.declaredRoutes`, and what can be done where. */
export function keepRoutes(app: FastifyInstance): void {
	const all: DeclaredRoute[] = [];
	const known: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
	app.decorate("declaredRoutes", all);
	app.decorate("methodsAt", (path: string) => {
		const methods = known.flatMap((route) => (route.pattern.test(path) ? route.methods : []));
		return [...new Set(methods)].sort();
	});
	app.addHook("onRoute", ({ method, url, config }) => {
		if (url !== ANY) known.push({ pattern: patternOf(url), methods: [method].flat() });
		const methods = [method].flat().filter((one) => one !== "HEAD");
		all.push(...methods.map((one) => ({ method: one, url, operations: config?.operations ?? [] })));
	});
}
