package candor.serve.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/** A request, and the way to answer it. For the one thread that handles it; only {@link #onGone}'s work runs elsewhere. */
public final class Exchange {
    private final Connection connection;
    private final String method;
    private final String path;
    private final HttpHeaders headers;
    private final byte[] body;
    private final boolean chunks;
    private boolean keepAlive;

    /** Under this object's lock. */
    private Runnable onGone;

    private boolean gone;

    private int status;
    private volatile boolean answered;

    Exchange(Connection connection, Received received) {
        this.connection = connection;
        method = received.method();
        path = received.path();
        headers = received.headers();
        body = received.body();
        chunks = received.version().equals(HttpVersion.HTTP_1_1);
        keepAlive = received.keepAlive();
    }

    public String method() {
        return method;
    }

    /** Without the query. */
    public String path() {
        return path;
    }

    public Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name));
    }

    public byte[] body() {
        return body;
    }

    /** The status that was sent; 0 while nothing was. */
    public int status() {
        return status;
    }

    /** The work is done once when the client goes before it has its answer, also where it went before. It must be short. */
    public void onGone(Runnable work) {
        synchronized (this) {
            if (!gone) {
                onGone = work;
                return;
            }
        }
        work.run();
    }

    /** Sends a whole answer. */
    public void reply(Reply reply) throws Gone, InterruptedException {
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(reply.status()), Unpooled.wrappedBuffer(reply.body()));
        response.headers().set(HttpHeaderNames.CONTENT_LENGTH, reply.body().length);
        decorate(response, reply.type(), reply.headers());
        send(connection.write(response));
        answered = true;
        connection.answered(this, keepAlive);
    }

    /** Begins a stream of events; {@link #event} sends each, {@link #end} ends it. */
    public void stream(Map<String, String> more) throws Gone, InterruptedException {
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        if (chunks) {
            response.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        } else {
            keepAlive = false;
        }
        decorate(response, "text/event-stream; charset=utf-8", more);
        send(connection.write(response));
    }

    /** Sends text of a stream; it is out, or on its way, when this returns. */
    public void event(String text) throws Gone, InterruptedException {
        send(connection.write(new DefaultHttpContent(Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8)))));
    }

    /** Ends a stream with a last text. Both go out together: clients that know the text as the last may close behind it. */
    public void end(String text) throws Gone, InterruptedException {
        send(connection.write(
                new DefaultLastHttpContent(Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8)))));
        answered = true;
        connection.answered(this, keepAlive);
    }

    private void decorate(HttpResponse response, String type, Map<String, String> more) {
        status = response.status().code();
        keepAlive &= !connection.draining();
        HttpHeaders out = response.headers();
        out.set(HttpHeaderNames.CONTENT_TYPE, type);
        out.set(HttpHeaderNames.CACHE_CONTROL, "no-store");
        out.set("x-content-type-options", "nosniff");
        out.set(HttpHeaderNames.CONNECTION, keepAlive ? HttpHeaderValues.KEEP_ALIVE : HttpHeaderValues.CLOSE);
        more.forEach(out::set);
    }

    private void send(ChannelFuture written) throws Gone, InterruptedException {
        if (!written.await(connection.patience().toMillis())) {
            connection.close();
            throw new Gone();
        }
        if (!written.isSuccess()) {
            throw new Gone();
        }
    }

    /** Nobody will answer it any more: where nobody has, there is no other end than that of the connection. */
    void leave() {
        if (!answered) {
            connection.close();
        }
    }

    void clientIsGone() {
        Runnable work;
        synchronized (this) {
            gone = true;
            work = onGone;
            onGone = null;
        }
        if (work != null) {
            work.run();
        }
    }
}
