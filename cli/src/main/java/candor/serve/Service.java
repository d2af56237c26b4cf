package candor.serve;

import candor.BadInput;
import candor.generate.GenerationDefaults;
import candor.generate.Generator;
import candor.generate.Sampling;
import candor.io.IoReason;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.probe.Steering;
import candor.serve.http.HttpServer;
import candor.serve.work.Desk;
import candor.serve.work.ServedModels;
import candor.text.Tokenizer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A model behind a port: opened, run on one thread until another drains it, and closed. */
public final class Service implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Service.class);

    /** Tokens that a pass sees, unless more requests than that are answered at once. */
    private static final int STEP_TOKENS = 512;

    /** What those who are given up have to take their last answer in. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Desk desk;
    private final Generator generator;
    private final HttpServer server;

    private Service(ServiceSettings settings) {
        try {
            Backend backend = open(Backends.open(settings.backend(), settings.threads()));
            Weights weights = open(Steering.load(settings.model(), settings.weights(), settings.steering()));
            int most = weights.config().maxPositionEmbeddings();
            ServiceSettings.Bounds bounds = settings.bounds();
            if (bounds.positions() > most) {
                throw new BadInput(
                        bounds.positions() + " tokens are more than the " + most + " that the model takes",
                        "lower {max_length}");
            }
            int positions = bounds.positions() == 0 ? most : bounds.positions();
            CausalLm model = open(new CausalLm(backend, weights, Recompute.NONE, positions));
            AdapterBank bank = new AdapterBank(weights.config(), Math.max(1, bounds.adapters()));
            ServedModels models = open(new ServedModels(settings.name(), backend, weights, bank));
            settings.adapters().forEach(models::load);
            Tokenizer tokenizer = Tokenizer.load(settings.model());
            desk = new Desk(models, bounds.waiting());
            generator = open(new Generator(
                    model,
                    bank,
                    tokenizer,
                    new Generator.Settings(
                            bounds.running(),
                            Math.max(STEP_TOKENS, bounds.running()),
                            settings.cache().applyAsLong(backend))));
            Serving serving = new Serving(
                    desk,
                    models,
                    tokenizer,
                    new Conversations(settings.model(), tokenizer, settings.template(), settings.special()),
                    defaults(settings),
                    positions,
                    generator::fits,
                    bounds.newTokens() == 0 ? positions : bounds.newTokens(),
                    settings.apiKey(),
                    settings.address().getAddress().isLoopbackAddress(),
                    settings.loadsFrom(),
                    settings.version() + "-" + backend.descriptor().identity().replace(' ', '-'));
            server = open(listen(settings, meter(new Api(serving))));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /**
     * Loads the model and its adapters, and begins to listen; answers come once it {@linkplain #run runs}.
     *
     * @throws BadInput for whatever the user can fix
     */
    public static Service open(ServiceSettings settings) {
        return new Service(settings);
    }

    private <T extends AutoCloseable> T open(T part) {
        opened.push(part);
        return part;
    }

    /** What its makers say of the model, as {@code candor chat} takes it. */
    private static Sampling defaults(ServiceSettings settings) {
        if (!Files.exists(settings.model().resolve(GenerationDefaults.FILE))) {
            return new Sampling(1, 0, 1, 1, 0);
        }
        GenerationDefaults file = GenerationDefaults.of(settings.model());
        return new Sampling(
                file.sample() ? file.temperature() : 0,
                file.drawnTopK(),
                file.drawnTopP(),
                file.repetitionPenalty(),
                0);
    }

    private static HttpServer listen(ServiceSettings settings, Api api) {
        try {
            return HttpServer.open(settings.address(), settings.limits(), api);
        } catch (IOException e) {
            throw new BadInput(
                    "cannot listen on " + text(settings.address()) + ": " + IoReason.of(e),
                    "choose another {port} or {host}",
                    e);
        }
    }

    private Api meter(Api api) {
        api.meter("candor_computed_tokens_total", "counter", "Tokens that passes computed.", generator::computedTokens);
        api.meter(
                "candor_shared_tokens_total",
                "counter",
                "Tokens of prompts that were in the cache already.",
                generator::sharedTokens);
        api.meter("candor_cache_bytes", "gauge", "Memory for keys and values, as it is.", generator::cacheBytes);
        return api;
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /** Where it listens, as {@code http://HOST:PORT}. */
    public String url() {
        return "http://" + text(server.address());
    }

    /** Answers requests on this thread until it is {@linkplain #drain drained}. */
    public void run() {
        try {
            generator.serve(desk, desk);
        } finally {
            desk.abandon(); // whoever still waits is told, whatever has happened
            LOG.debug("no more requests are answered");
        }
    }

    /**
     * Takes nothing in any more, lets those under way end, and then {@link #run} end.
     *
     * @param most how long they may take; after that they are given up, and told so
     * @return whether all ended
     */
    public boolean drain(Duration most) throws InterruptedException {
        server.drain();
        boolean all = server.awaitQuiet(most);
        if (!all) {
            desk.abandon();
            server.awaitQuiet(LAST_WORDS);
        }
        desk.close();
        return all;
    }

    @Override
    public void close() {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) { // none of them throws one
                throw new IllegalStateException(e);
            }
        }
    }
}
