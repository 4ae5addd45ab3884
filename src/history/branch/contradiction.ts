/** The branch asks for something that the log does not have. */
export class BranchContradiction extends Error {
  override readonly name = 'BranchContradiction'
}
