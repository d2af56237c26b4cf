package candor.cli;

import candor.BadInput;
import candor.io.HubSnapshot;
import candor.io.IoReason;
import candor.lora.AdapterFolder;
import candor.serve.Service;
import candor.serve.ServiceSettings;
import candor.serve.http.Limits;
import candor.text.SpecialTextPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code candor serve}: a model and its adapters over OpenAI's HTTP interface. */
@Command(
        name = "serve",
        description = {
            "Answers over HTTP as OpenAI's interface does: /v1/chat/completions, /v1/completions, /v1/models; a page"
                    + " to chat on at /, and /health and /metrics. Prints its URL on stdout when it answers.",
            "Each adapter is a model by its name. All requests are answered together; what a reply says depends on its"
                    + " own request alone, and with a seed, or temperature 0, is the same each time.",
            "What a request does not say is as the model's generation_config.json has it, if there is one: without"
                    + " do_sample always the likeliest token.",
            "It listens on this machine alone, unless --host says more: then the environment variable CANDOR_API_KEY"
                    + " must hold the key that requests bring. Where that is set, it is always wanted.",
            "SIGTERM or Ctrl-C ends it: nothing new is taken in, and answers under way end first."
        })
final class ServeCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

    private static final String EMBEDDED = "tiny-world";

    private static final String KEY = "CANDOR_API_KEY";
    /** What clients can send in a header. */
    private static final Pattern SENT = Pattern.compile("[!-~]+");

    private static final int MOST_PORT = 65_535;
    private static final int MOST_REQUEST_MEBIBYTES = 64;
    private static final long LOOK_MILLIS = 50;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions model;

    @Mixin
    private DtypeOption dtype;

    @Option(
            names = "--adapter",
            paramLabel = "[NAME=]DIR",
            arity = "1..*",
            description = "Adapters, or runs that have one, each a model of its own; called after its run, unless named"
                    + " here.")
    private List<String> adapters = new ArrayList<>();

    @Option(
            names = "--served-model-name",
            paramLabel = "NAME",
            description = "What the base model is called; after its folder, if not given.")
    private String name;

    @Option(names = "--host", paramLabel = "ADDRESS", description = "The address to listen on.")
    private String host = "127.0.0.1";

    @Option(names = "--port", paramLabel = "N", description = "The port to listen on; 0 for any that is free.")
    private int port = 8000;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = "The most tokens of a prompt and its reply; 0 for as many as the model takes.")
    private int maxLength;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            description =
                    "The most tokens of a reply, whatever a request asks for; 0 for as many as there is room for.")
    private int maxNewTokens;

    @Option(names = "--batch-size", paramLabel = "N", description = "Requests that are answered at once.")
    private int batchSize = 32;

    @Option(
            names = "--max-waiting",
            paramLabel = "N",
            description = "Requests that wait for a place; more are sent away with 429.")
    private int maxWaiting = 256;

    @Option(
            names = "--kv-cache-mib",
            paramLabel = "MIB",
            description = "Memory for keys and values, at most; 0 for a quarter of what is free.")
    private long cacheMebibytes;

    @Option(
            names = "--allow-adapter-loading",
            paramLabel = "DIR",
            description = "Let adapters below this folder be loaded and dropped while it runs, by /v1/load_lora_adapter"
                    + " {lora_name, lora_path} and /v1/unload_lora_adapter.")
    private Path loadsFrom;

    @Option(names = "--max-adapters", paramLabel = "N", description = "Adapters that are there at once.")
    private int maxAdapters = 16;

    @Option(names = "--max-request-mib", paramLabel = "MIB", description = "The most that a request may hold.")
    private int maxRequestMebibytes = ServiceSettings.LIMITS.bodyBytes() >> 20;

    @Option(names = "--max-connections", paramLabel = "N", description = "Connections that are open at once.")
    private int maxConnections = ServiceSettings.LIMITS.connections();

    @Option(
            names = "--receive-seconds",
            paramLabel = "S",
            description = "How long a request may take to arrive, from its first byte to its last.")
    private int receiveSeconds = (int) ServiceSettings.LIMITS.receive().toSeconds();

    @Option(
            names = "--idle-seconds",
            paramLabel = "S",
            description = "How long a connection may do nothing, and a client may leave what it is sent unread.")
    private int idleSeconds = (int) ServiceSettings.LIMITS.idle().toSeconds();

    @Option(
            names = "--drain-seconds",
            paramLabel = "S",
            description = "How long answers under way may take when it is to end; after that they are given up.")
    private int drainSeconds = 30;

    @Option(
            names = "--keep-special-tokens",
            description = "Let the text of a special token inside a message become that token, instead of refusing the"
                    + " request.")
    private boolean keepSpecialTokens;

    @Mixin
    private SteerOptions steer;

    @Mixin
    private TemplateOptions template;

    @Override
    public Integer call() {
        ServiceSettings settings = settings();
        try (Service service = open(settings);
                Interrupt interrupt = Interrupt.listen("answers are not kept; the same command serves again")) {
            LOG.info(
                    "serving {} on {}{}",
                    String.join(", ", served(settings)),
                    service.url(),
                    settings.apiKey().isPresent() ? ", for those with the key" : "");
            spec.commandLine().getOut().println(service.url());
            Thread watch = Thread.ofVirtual().start(() -> drainWhenAsked(service, interrupt));
            try {
                service.run();
            } finally {
                watch.interrupt();
            }
            return interrupt.stopped();
        }
    }

    private static Service open(ServiceSettings settings) {
        try (JobRows rows = JobRows.onStderr()) {
            rows.add("loading " + settings.name(), "", 0, 0);
            return Service.open(settings);
        }
    }

    private static List<String> served(ServiceSettings settings) {
        List<String> names = new ArrayList<>(List.of(settings.name()));
        names.addAll(settings.adapters().keySet());
        return names;
    }

    private void drainWhenAsked(Service service, Interrupt interrupt) {
        try {
            while (!interrupt.requested()) {
                Thread.sleep(LOOK_MILLIS);
            }
            if (!service.drain(Duration.ofSeconds(drainSeconds))) {
                LOG.warn("answers that took longer than --drain-seconds {} were given up", drainSeconds);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // it has ended already
        }
    }

    private ServiceSettings settings() {
        require("--port", port, 0, MOST_PORT);
        require("--max-length", maxLength, 0, Integer.MAX_VALUE);
        require("--max-new-tokens", maxNewTokens, 0, Integer.MAX_VALUE);
        require("--batch-size", batchSize, 1, 1 << 16);
        require("--max-waiting", maxWaiting, 1, 1 << 20);
        require("--max-adapters", maxAdapters, 0, 1 << 12);
        require("--max-request-mib", maxRequestMebibytes, 1, MOST_REQUEST_MEBIBYTES);
        require("--max-connections", maxConnections, 1, 1 << 16);
        require("--receive-seconds", receiveSeconds, 1, 1 << 20);
        require("--idle-seconds", idleSeconds, 1, 1 << 20);
        require("--drain-seconds", drainSeconds, 0, 1 << 20);
        InetSocketAddress address = address();
        Map<String, Path> named = named();
        Path folder = model.model();
        Limits usual = ServiceSettings.LIMITS;
        return new ServiceSettings(
                folder,
                model.weights,
                steer.steering(),
                name != null ? name : model.isEmbedded() ? EMBEDDED : called(folder),
                named,
                model.backend(dtype),
                model.threads,
                address,
                new ServiceSettings.Bounds(batchSize, maxWaiting, maxAdapters, maxLength, maxNewTokens),
                backend -> SamplingOptions.cacheBytes(cacheMebibytes, backend),
                new Limits(
                        maxConnections,
                        usual.headerBytes(),
                        maxRequestMebibytes << 20,
                        usual.allBodiesBytes(),
                        Duration.ofSeconds(receiveSeconds),
                        Duration.ofSeconds(idleSeconds)),
                template.choice(),
                keepSpecialTokens ? SpecialTextPolicy.KEEP : SpecialTextPolicy.REFUSE,
                key(address),
                Optional.ofNullable(loadsFrom).map(ServeCommand::real),
                "candor-" + Version.project());
    }

    private static void require(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw new BadInput(option + " " + value + ": give " + least + " to " + most);
        }
    }

    private InetSocketAddress address() {
        try {
            return new InetSocketAddress(InetAddress.getByName(host), port);
        } catch (UnknownHostException e) {
            throw new BadInput(
                    "--host " + host + ": is not an address of this machine; give one, or 0.0.0.0 for all", e);
        }
    }

    private static Optional<String> key(InetSocketAddress address) {
        String key = System.getenv(KEY);
        if (key != null && !key.isBlank()) {
            if (!SENT.matcher(key.strip()).matches()) {
                throw new BadInput(KEY + ": no request can bring this key; give one of ASCII letters, digits and signs,"
                        + " without blanks");
            }
            return Optional.of(key.strip());
        }
        if (!address.getAddress().isLoopbackAddress()) {
            throw new BadInput("--host " + address.getHostString() + ": others can reach that address; set " + KEY
                    + " to a key of your choice, which requests then must bring");
        }
        return Optional.empty();
    }

    private static Path real(Path folder) {
        try {
            Path real = folder.toRealPath();
            if (Files.isDirectory(real)) {
                return real;
            }
        } catch (IOException e) {
            throw new BadInput("--allow-adapter-loading " + folder + ": " + IoReason.of(e) + "; give a folder", e);
        }
        throw new BadInput("--allow-adapter-loading " + folder + ": expected a folder, found a file");
    }

    private Map<String, Path> named() {
        Map<String, Path> named = new LinkedHashMap<>();
        for (String adapter : adapters) {
            int equals = adapter.indexOf('=');
            Path folder = Path.of(adapter.substring(equals + 1));
            String label = equals >= 0 ? adapter.substring(0, equals) : called(folder);
            if (named.put(label, folder) != null) {
                throw new BadInput("--adapter " + adapter + ": another one is called " + label
                        + " already; name them apart: NAME=DIR");
            }
        }
        return named;
    }

    /** ORG/NAME of what came from the Hub; else an adapter's run, or the folder. */
    private static String called(Path folder) {
        return HubSnapshot.of(folder).map(HubSnapshot::repository).orElseGet(() -> AdapterFolder.name(folder));
    }
}
