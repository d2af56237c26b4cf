package candor.serve.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;

/** Gathers a request's parts; one that is too large is refused as soon as that is known. */
final class Aggregator extends HttpObjectAggregator {
    private final Connection connection;
    private final int most;

    Aggregator(Connection connection, int most) {
        super(most, true);
        this.connection = connection;
        this.most = most;
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext context, HttpMessage oversized) {
        connection.refuse(413, tooLarge());
    }

    @Override
    protected Object newContinueResponse(HttpMessage start, int maxContentLength, ChannelPipeline pipeline) {
        Object response = super.newContinueResponse(start, maxContentLength, pipeline);
        return response instanceof FullHttpResponse full
                        && full.status().equals(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE)
                ? connection.refusal(413, tooLarge())
                : response;
    }

    private String tooLarge() {
        return "the request has more than " + most + " bytes";
    }
}
