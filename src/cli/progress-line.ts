/** Events between two lines of progress: some seconds of work. */
const PROGRESS_EVENTS = 1_000_000

/** Says now and then how far a long reading is. */
export function progressLine(warn: (text: string) => void): (events: number) => void {
  let said = 0
  return (events) => {
    if (events < said + PROGRESS_EVENTS) return
    said = events
    warn(`${events} events read\n`)
  }
}
