/** The labels of an identity that stands for a prefix (Cilium 1.13 pkg/labels/cidr). */
import { type Cidr, LabelText } from '../../events/ids.ts'
import { addressText, type IpPrefix, parsePrefix, prefixOf } from '../ip/prefix.ts'

/** `cidr:` labels of itself and of every prefix that contains it down to /0, and `reserved:world`; sorted. Throws on what is not a prefix. */
export function prefixLabels(cidr: Cidr): readonly LabelText[] {
  const prefix = parsePrefix(cidr)
  if (prefix === null) throw new TypeError(`${cidr} is not a prefix`)
  const covering = Array.from({ length: prefix.length + 1 }, (_, length) => prefixOf(prefix, length))
  return [...covering.map(prefixLabel), LabelText('reserved:world')].toSorted()
}

/** In IPv6 a label value takes no `:`; `-` stands for it, and a `0` is put where the text would begin or end with one. */
function prefixLabel(prefix: IpPrefix): LabelText {
  const text = addressText(prefix).replaceAll(':', '-')
  return LabelText(`cidr:${text.replace(/^-/, '0-').replace(/-$/, '-0')}/${prefix.length}`)
}
