/** Ports of the deathstar under siege; those called closed are open there, and no policy allows anyone to them. */
export const PORTS = { http: 80, stream: 7000, closedStream: 7002, datagram: 7001, closedDatagram: 7003 } as const

/** Requests of every ship. Only the first, and only by the empire's, is allowed. */
export const REQUESTS = ['POST /v1/request-landing', 'PUT /v1/exhaust-port', 'GET /v1/request-landing'] as const
