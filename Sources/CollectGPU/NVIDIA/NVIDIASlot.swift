/// An NVIDIA GPU in the system's list of devices; reading the list does not wake it.
package struct NVIDIASlot: Hashable {
  /// PCI address, "0000:3b:00.0".
  package let address: String
  package let isAsleep: Bool
  /// Whether the system may suspend it.
  package let maySleep: Bool

  package init(address: String, isAsleep: Bool, maySleep: Bool) {
    self.address = address
    self.isAsleep = isAsleep
    self.maySleep = maySleep
  }
}
