public import AgentMetrics

/// What may be done with the processes of the machine that is shown; there is none where it is another's or a past one.
public struct ProcessControl: Sendable {
  /// Looks one up; nil where it has ended.
  public var details: @Sendable (Int32) -> ProcessDetails?
  /// Sends a signal; nil where that worked, else why not, in one line.
  public var signal: @Sendable (Int32, Int32) -> String?
  /// The threads of processes, with what they did since it was asked before; nil where they are not known.
  public var threads: (@Sendable ([Int32]) -> [ProcessThread])?

  /// Control by two functions.
  public init(
    details: @escaping @Sendable (Int32) -> ProcessDetails?, signal: @escaping @Sendable (Int32, Int32) -> String?,
    threads: (@Sendable ([Int32]) -> [ProcessThread])? = nil
  ) {
    self.threads = threads
    self.details = details
    self.signal = signal
  }
}

extension String {
  /// Without blanks at its ends.
  var trimmed: String {
    String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" || $0 == "\n" }.reversed())
  }
}
