package candor.serve.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * One client's connection: its requests one after another, and the clock that they arrive by. All but the few methods that say
 * otherwise is for the connection's own thread.
 *
 * <p>A client that has more to say while it is answered may: what comes is put by, up to a bound. Its end of the stream means
 * that it is gone.
 */
final class Connection extends ChannelInboundHandlerAdapter {
    /** Requests that wait for those before them on the same connection. */
    private static final int MOST_WAITING = 16;

    private final HttpServer server;
    private final Deque<Received> waiting = new ArrayDeque<>();
    private Channel channel;
    private Exchange current;
    /** Of their bodies. */
    private long waitingBytes;

    /** A request has begun to arrive and is not whole. */
    private boolean receiving;
    /** Bytes of it that have come. */
    private long arrived;

    private boolean refused;
    private Future<?> clock;

    Connection(HttpServer server) {
        this.server = server;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        channel = context.channel();
        if (!server.opened(this)) {
            refuse(503, "too many connections are open: try again later");
            return;
        }
        await(server.limits().idle());
    }

    /** Sees bytes before they are decoded. */
    ChannelInboundHandlerAdapter meter() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                if (refused) {
                    ReferenceCountUtil.release(message);
                    return;
                }
                bytes(((ByteBuf) message).readableBytes());
                context.fireChannelRead(message);
            }
        };
    }

    private void bytes(int count) {
        if (!receiving) {
            receiving = true;
            if (current == null) {
                await(server.limits().receive());
            }
        }
        arrived += count;
        if (!server.takesIn(count)) {
            refuse(503, "too many requests are arriving at once: try again later");
        }
    }

    /** The request is whole, or there is none any more. */
    private void received() {
        receiving = false;
        server.takesIn(-arrived);
        arrived = 0;
    }

    /** Requests that wait will not be answered. */
    private void forgetWaiting() {
        waiting.clear();
        server.takesIn(-waitingBytes);
        waitingBytes = 0;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        FullHttpRequest request = (FullHttpRequest) message;
        try {
            received();
            if (refused) {
                return;
            }
            int body = request.content().readableBytes();
            if (!request.decoderResult().isSuccess()) {
                refuse(request.decoderResult());
            } else if (request.protocolVersion().equals(HttpVersion.HTTP_1_1)
                    && request.headers().getAll(HttpHeaderNames.HOST).size() != 1) {
                refuse(400, "a request has one header line Host");
            } else if (waiting.size() == MOST_WAITING
                    || waitingBytes + body > server.limits().bodyBytes()) {
                refuse(400, "too many requests wait on one connection");
            } else {
                waiting.add(Received.of(request));
                waitingBytes += body;
                server.takesIn(body);
                next();
            }
        } finally {
            request.release();
        }
    }

    private void refuse(DecoderResult result) {
        switch (result.cause()) {
            case TooLongHttpLineException line -> refuse(414, "the request's first line is too long");
            case TooLongHttpHeaderException header ->
                refuse(431, "the header lines have more than " + server.limits().headerBytes() + " bytes");
            case null, default -> refuse(400, "this is not HTTP/1.1");
        }
    }

    private void next() {
        Received received = current == null && !refused ? waiting.poll() : null;
        if (received == null) {
            return;
        }
        stop();
        waitingBytes -= received.body().length; // they count still, for who handles it
        current = new Exchange(this, received);
        server.dispatch(current);
    }

    /** The answer is out. From any thread. */
    void answered(Exchange exchange, boolean keepAlive) {
        channel.eventLoop().execute(() -> {
            server.done(exchange);
            current = null;
            if (!channel.isActive()) {
                return; // nothing waits any more
            }
            if (!keepAlive || server.draining()) {
                channel.close();
                return;
            }
            next();
            if (current == null) {
                await(receiving ? server.limits().receive() : server.limits().idle());
            }
        });
    }

    /** Begins to wait for something, and no longer than that. */
    private void await(Duration most) {
        stop();
        clock = channel.eventLoop().schedule(this::tooLate, most.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void stop() {
        if (clock != null) {
            clock.cancel(false);
        }
    }

    private void tooLate() {
        if (receiving && !refused) {
            refuse(
                    408,
                    "the request took more than " + server.limits().receive().toSeconds() + " s to arrive");
        } else {
            channel.close();
        }
    }

    /**
     * Answers a request that never became one, and ends the connection. Behind an answer under way there is just an end.
     *
     * <p>Most clients read nothing before they have sent all, and would never see the answer if the connection were closed with
     * bytes of theirs unread. So what still comes is read, and left aside, for as long as a request may take; unless there is no
     * room for more.
     */
    void refuse(int status, String message) {
        if (refused) {
            return;
        }
        refused = true;
        forgetWaiting();
        if (current != null) {
            channel.close();
            return;
        }
        ChannelFuture told = channel.writeAndFlush(refusal(status, message));
        if (status == HttpResponseStatus.SERVICE_UNAVAILABLE.code()) {
            told.addListener(ChannelFutureListener.CLOSE);
            return;
        }
        told.addListener(done -> ((DuplexChannel) channel).shutdownOutput());
        await(server.limits().receive());
    }

    FullHttpResponse refusal(int status, String message) {
        Reply reply = server.handler().refuse(status, message);
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), Unpooled.wrappedBuffer(reply.body()));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, reply.type())
                .set(HttpHeaderNames.CONTENT_LENGTH, reply.body().length)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        return response;
    }

    /** From any thread. */
    ChannelFuture write(HttpObject part) {
        return channel.writeAndFlush(part);
    }

    /** Closes it where nobody is being answered on it. From any thread. */
    void closeIfIdle() {
        channel.eventLoop().execute(() -> {
            if (current == null && !receiving) {
                channel.close();
            }
        });
    }

    /** From any thread. */
    void close() {
        channel.close();
    }

    boolean draining() {
        return server.draining();
    }

    Duration patience() {
        return server.limits().idle();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        stop();
        received();
        forgetWaiting();
        server.closed(this);
        if (current != null) {
            Exchange left = current;
            current = null;
            server.done(left);
            left.clientIsGone();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof TooLongFrameException) {
            refuse(413, "the request is too large");
        } else {
            context.close(); // reset by the client, mostly
        }
    }
}
