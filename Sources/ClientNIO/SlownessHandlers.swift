internal import NIOCore
internal import NIOHTTP1

/// A connection that was closed because it was too slow.
enum TooSlow: Error, CustomStringConvertible {
  case answer(Double)
  case silence, progress

  var description: String {
    switch self {
    case .answer(let seconds): "no answer in \(Int(seconds)) s"
    case .silence: "no data for too long"
    case .progress: "data comes too slowly"
    }
  }
}

/// Closes a connection that receives too few bytes in a time window, even if a byte comes now and then.
final class ProgressHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer

  private let window: TimeAmount
  private let minimum: Int
  private var count = 0
  /// Whether this side reads; otherwise back-pressure stops the sender.
  private var isReading = false
  private var timer: RepeatedTask?

  init(window: TimeAmount, minimum: Int) {
    self.window = window
    self.minimum = minimum
  }

  /// Starts with the request: no answer can come before it.
  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if timer == nil { start(context) }
    context.write(data, promise: promise)
  }

  private func start(_ context: ChannelHandlerContext) {
    let loop = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleRepeatedTask(initialDelay: window, delay: window) { _ in
      let (handler, context) = loop.value
      defer { handler.count = 0 }
      guard handler.count < handler.minimum, handler.isReading else { return }
      context.fireErrorCaught(handler.count == 0 ? TooSlow.silence : TooSlow.progress)
      context.close(promise: nil)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    count += unwrapInboundIn(data).readableBytes
    context.fireChannelRead(data)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    isReading = true
    context.read()
  }
}

/// Closes a connection without the start of an answer, even during endless 1xx responses or header bytes one by one.
final class AnswerHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundIn = HTTPClientRequestPart

  private let seconds: Double
  private var timer: Scheduled<Void>?
  private var isStarted = false

  init(seconds: Double) {
    self.seconds = seconds
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if !isStarted { start(context) }
    isStarted = true
    context.write(data, promise: promise)
  }

  private func start(_ context: ChannelHandlerContext) {
    let loop = NIOLoopBound(context, eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1_000))) { [seconds] in
      loop.value.fireErrorCaught(TooSlow.answer(seconds))
      loop.value.close(promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    timer?.cancel()
    timer = nil
    context.fireChannelRead(data)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
  }
}
