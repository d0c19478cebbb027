package import AgentMetrics
package import NodeMetrics

/// Text of a scrape.
package enum Scrape {
  /// Encodes the complete text.
  ///
  /// - Parameter source: reads values that the sample lacks; nil for none.
  package static func encode(
    _ sample: Sample, _ reading: Reading, _ format: ExpositionFormat, compatibility: PrometheusCompatibility,
    collectors: NodeCollectors? = nil, source: (any ScrapeSource)?
  ) -> [UInt8] {
    let filter = collectors.map { collectors in { @Sendable (name: String) in collectors.contains(family: name) } }
    var exposition = Exposition(format, capacity: 131_072, filter: filter)
    NativeWriter.write(sample, to: &exposition)
    CounterWriter.write(reading, to: &exposition)
    if let usage = source?.processUsage() { ProcessWriter.write(usage, to: &exposition) }
    if compatibility.hasNode {
      let node = source?.nodeReading() ?? NodeReading()
      NodeKernelWriter.write(node, to: &exposition)
      NodeWriter(reading: reading, node: node, collectors: collectors).write(to: &exposition)
    }
    if compatibility.hasCadvisor { CadvisorWriter.write(sample, reading, to: &exposition) }
    if compatibility.hasDCGM { DCGMWriter.write(sample, to: &exposition) }
    return exposition.finish()
  }
}
