/** A port range as the prefixes that the policy map can hold (Cilium pkg/policy/portrange.go). */

export type PortPrefix = { readonly port: number; readonly bits: number }

/** The fewest prefixes that cover `first` to `last`, ascending: at most 30. */
export function portPrefixes(first: number, last: number): readonly PortPrefix[] {
  const prefixes: PortPrefix[] = []
  for (let port = first; port <= last; ) {
    const aligned = port === 0 ? PORT_BITS : Math.min(PORT_BITS, 31 - Math.clz32(port & -port))
    const size = Math.min(aligned, 31 - Math.clz32(last - port + 1))
    prefixes.push({ port, bits: PORT_BITS - size })
    port += 1 << size
  }
  return prefixes
}

const PORT_BITS = 16
