package candor.serve.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A server on one address. Threads may share it. */
public final class HttpServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);

    private static final int THREADS = 2;
    private static final int FIRST_LINE_BYTES = 8192;
    private static final int CHUNK_BYTES = 1 << 16;
    private static final int BACKLOG = 256;

    private final Limits limits;
    private final Handler handler;
    private final EventLoopGroup threads =
            new MultiThreadIoEventLoopGroup(THREADS, new DefaultThreadFactory("http", true), NioIoHandler.newFactory());
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final Set<Exchange> exchanges = ConcurrentHashMap.newKeySet();
    /** Requests in their handlers' hands: one whose client took the answer and left at once is there a moment longer. */
    private final AtomicInteger handling = new AtomicInteger();

    private final AtomicLong held = new AtomicLong();
    private final Channel listening;
    private volatile boolean draining;

    private HttpServer(InetSocketAddress address, Limits limits, Handler handler) throws IOException {
        this.limits = limits;
        this.handler = handler;
        try {
            listening = new ServerBootstrap()
                    .group(threads)
                    .channel(NioServerSocketChannel.class)
                    .option(ChannelOption.SO_BACKLOG, BACKLOG)
                    .childOption(ChannelOption.TCP_NODELAY, true)
                    .childHandler(new ChannelInitializer<SocketChannel>() {
                        @Override
                        protected void initChannel(SocketChannel channel) {
                            Connection connection = new Connection(HttpServer.this);
                            channel.pipeline()
                                    .addLast(connection.meter())
                                    .addLast(new HttpServerCodec(new HttpDecoderConfig()
                                            .setMaxInitialLineLength(FIRST_LINE_BYTES)
                                            .setMaxHeaderSize(limits.headerBytes())
                                            .setMaxChunkSize(CHUNK_BYTES)))
                                    .addLast(new Aggregator(connection, limits.bodyBytes()))
                                    .addLast(connection);
                        }
                    })
                    .bind(address)
                    .syncUninterruptibly()
                    .channel();
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        } catch (Exception e) { // whatever syncUninterruptibly rethrows without saying so
            close();
            throw e instanceof IOException io ? io : new IOException(e);
        }
    }

    /**
     * Begins to listen.
     *
     * @param address port 0 for any that is free
     * @throws IOException where the address cannot be had
     */
    public static HttpServer open(InetSocketAddress address, Limits limits, Handler handler) throws IOException {
        return new HttpServer(address, limits, handler);
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) listening.localAddress();
    }

    /** Takes no more connections, and closes each one when it has its answer. */
    public void drain() {
        draining = true;
        listening.close().awaitUninterruptibly();
        connections.forEach(Connection::closeIfIdle);
    }

    boolean draining() {
        return draining;
    }

    /** Waits until nobody is being answered; whether that came. */
    public boolean awaitQuiet(Duration most) throws InterruptedException {
        long end = System.nanoTime() + most.toNanos();
        while (!exchanges.isEmpty() || handling.get() > 0) {
            if (System.nanoTime() > end) {
                return false;
            }
            Thread.sleep(5);
        }
        return true;
    }

    Limits limits() {
        return limits;
    }

    Handler handler() {
        return handler;
    }

    /** A connection has come; whether there is room for it. */
    boolean opened(Connection connection) {
        if (connections.size() >= limits.connections()) {
            return false;
        }
        connections.add(connection);
        return true;
    }

    void closed(Connection connection) {
        connections.remove(connection);
    }

    /** Bytes have come of requests, or, with a negative number, are not held any more; whether there is room for them. */
    boolean takesIn(long bytes) {
        return held.addAndGet(bytes) <= limits.allBodiesBytes();
    }

    void dispatch(Exchange exchange) {
        exchanges.add(exchange);
        handling.incrementAndGet();
        Thread.ofVirtual().name("request").start(() -> {
            try {
                handler.handle(exchange);
            } catch (Gone e) {
                LOG.debug("a client is gone");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException | Error e) {
                LOG.error("a request was left unanswered", e);
            } finally {
                exchange.leave();
                takesIn(-exchange.body().length);
                handling.decrementAndGet();
            }
        });
    }

    void done(Exchange exchange) {
        exchanges.remove(exchange);
    }

    /** Closes all connections. */
    @Override
    public void close() {
        threads.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
