/// The last so many of a row: a buffer that overwrites its oldest element when full.
public struct Ring<Element> {
  /// How many it holds at most; at least 1.
  public let capacity: Int
  private var storage: [Element] = []
  private var head = 0

  /// An empty ring.
  public init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  /// How many it holds.
  public var count: Int { storage.count }

  /// Adds the newest, over the oldest when full.
  public mutating func append(_ element: Element) {
    if storage.count < capacity {
      storage.append(element)
    } else {
      storage[head] = element
      head = (head + 1) % capacity
    }
  }

  /// The element at an index, 0 the oldest.
  public subscript(index: Int) -> Element {
    precondition(index >= 0 && index < storage.count, "index outside the ring")
    return storage[(head + index) % storage.count]
  }

  /// The oldest; nil when empty.
  public var first: Element? {
    storage.isEmpty ? nil : self[0]
  }

  /// The newest; nil when empty.
  public var last: Element? {
    storage.isEmpty ? nil : self[storage.count - 1]
  }

  /// All of them, oldest first.
  public var elements: [Element] {
    Array(storage[head...]) + storage[..<head]
  }
}
