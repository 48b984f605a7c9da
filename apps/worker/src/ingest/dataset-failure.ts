/** The upload cannot become this dataset; the message says why and what to do. */
export class DatasetFailure extends Error {
  override readonly name = "DatasetFailure";
}
