/// Arrangement of the panels; each panel's descriptor has its places.
enum LayoutPreset: String, CaseIterable {
  /// All panels.
  case overview
  /// The process table below one band of graphs.
  case processes
  /// GPUs first.
  case gpu
  /// Large graphs without tables.
  case graphs
  case io

  var next: LayoutPreset { step(1) }
  var previous: LayoutPreset { step(Self.allCases.count - 1) }

  private func step(_ count: Int) -> LayoutPreset {
    let all = Self.allCases
    return all[((all.firstIndex(of: self) ?? 0) + count) % all.count]
  }

  /// Bands from the top, each of columns, each of stacked panels.
  func bands(isWide: Bool) -> [[[PanelDescriptor]]] {
    var bands: [[[PanelDescriptor]]] = []
    for panel in PanelDescriptor.all {
      guard let place = (isWide ? panel.widePlaces[self] : nil) ?? panel.places[self] else { continue }
      while bands.count <= place.band { bands.append([]) }
      while bands[place.band].count <= place.column { bands[place.band].append([]) }
      bands[place.band][place.column].append(panel)
    }
    return bands
  }
}
