/** The product and its release, as commits name the engine that wrote them. */
export const RELEASE = "0.1.0";
export const ENGINE_INFO = `grizzly-lake/${RELEASE}`;
