/** Which position of one log is which of another, in order: 16 bytes an event. Positions are below 2^53, as both logs' files are. */
import { Position } from '../../events/ids.ts'

const FIRST_CAPACITY = 1_024

export class PositionMap {
  #from: Float64Array = new Float64Array(FIRST_CAPACITY)
  #to: Float64Array = new Float64Array(FIRST_CAPACITY)
  #size = 0

  /** In ascending order. */
  add(from: Position, to: Position): void {
    if (this.#size === this.#from.length) {
      this.#from = grown(this.#from)
      this.#to = grown(this.#to)
    }
    this.#from[this.#size] = Number(from)
    this.#to[this.#size] = Number(to)
    this.#size += 1
  }

  /** Of the last event at or before the position; 0 before the first, which is what a reader of nothing says it read up to. */
  of(position: Position): Position {
    const wanted = Number(position)
    let [low, high] = [0, this.#size]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#from[middle]! <= wanted) low = middle + 1
      else high = middle
    }
    return Position(low === 0 ? 0n : BigInt(this.#to[low - 1]!))
  }
}

function grown(array: Float64Array): Float64Array {
  const larger = new Float64Array(array.length * 2)
  larger.set(array)
  return larger
}
