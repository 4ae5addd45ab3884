/** How well points lie on one line of a plot with two logarithmic axes: its slope (1: proportional), and the factor of the farthest point from it. */
export function straightness(points: readonly (readonly [x: number, y: number])[]): {
  readonly slope: number
  readonly farthest: number
} {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const)
  const mean = (axis: 0 | 1): number => logs.reduce((sum, point) => sum + point[axis], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  const slope =
    logs.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) /
    logs.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
  const off = logs.map((point) => Math.abs(point[1] - y - slope * (point[0] - x)))
  return { slope, farthest: Math.exp(Math.max(...off)) }
}
