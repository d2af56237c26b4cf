package candor.cli;

import candor.BadInput;
import candor.hub.Download;
import candor.hub.Preset;
import candor.hub.RepoKind;
import candor.hub.RepoName;
import candor.hub.Surroundings;
import candor.train.config.Nearest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code candor download}: models, adapters and data sets of the Hugging Face Hub, into the cache that its own tools use. */
@Command(
        name = "download",
        description = {
            "Downloads a model, an adapter or a data set from the Hugging Face Hub into the cache that its own tools"
                    + " use, and prints the folder. Stopped at any time, the same command continues.",
            "Only safetensors, JSON, tokenizers, templates, texts and data come: what may run code when it is read"
                    + " never does. Every file's hash is checked.",
            "HF_TOKEN, or the file that 'hf auth login' writes, is the token for gated and private repositories;"
                    + " HF_HOME, HF_HUB_CACHE, HF_ENDPOINT and HF_HUB_OFFLINE mean what they mean to Hugging Face's"
                    + " tools.",
            "Options that take a model, an adapter or data take ORG/NAME, ORG/NAME@REVISION and ORG/NAME/FILE too, and"
                    + " download what is missing; a local path of that name comes first, hf://ORG/NAME is always the"
                    + " Hub's."
        })
final class DownloadCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(DownloadCommand.class);

    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "ORG/NAME[@REVISION]",
            description = "The repository, such as Qwen/Qwen3-0.6B.")
    private String name;

    @Option(
            names = "--revision",
            paramLabel = "R",
            description = "A branch, a tag or a commit; the branch main, if not given.")
    private String revision;

    @Option(
            names = "--include",
            paramLabel = "GLOB",
            showDefaultValue = CommandLine.Help.Visibility.NEVER,
            description =
                    "Only files whose path matches, such as 'data/*'; may be given several times. What may run code"
                            + " does not come all the same.")
    private List<String> includes = new ArrayList<>();

    @Option(names = "--dataset", description = "The name is that of a data set.")
    private boolean dataset;

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            description =
                    "A known data set, with the command that takes it: mask, deceptionbench, mmlu, gsm8k, humaneval,"
                            + " gpqa, alpaca-cleaned or dolly.")
    private String preset;

    @Option(names = "--max-workers", paramLabel = "N", description = "Files that are downloaded at once.")
    private int workers = Download.WORKERS;

    @Option(names = "--dry-run", description = "Prints what would come, and downloads nothing.")
    private boolean dryRun;

    @Override
    public Integer call() {
        if (workers < 1 || workers > 64) {
            throw new BadInput("--max-workers " + workers + ": give 1 to 64");
        }
        Preset known = known();
        RepoName repo = known == null ? named() : known.repo();
        RepoName at = revision == null ? repo : repo.at(revision);
        return Hub.transferring(spec, around -> download(at, known, around));
    }

    /** Null where a repository is named. */
    private Preset known() {
        if (preset == null) {
            return null;
        }
        if (name != null || !includes.isEmpty()) {
            throw new BadInput(
                    "--preset names its repository and its files; leave out " + (name != null ? name : "--include"));
        }
        return Preset.of(preset)
                .orElseThrow(() -> new BadInput("--preset " + preset + ": there is no such preset; did you mean "
                        + Nearest.to(
                                preset,
                                Arrays.stream(Preset.values()).map(Preset::word).toList())
                        + "? There are " + Preset.words()));
    }

    private RepoName named() {
        if (name == null) {
            throw new BadInput(
                    "download: name a repository, such as Qwen/Qwen3-0.6B, or give --preset (" + Preset.words() + ")");
        }
        RepoName repo = RepoName.of(dataset ? RepoKind.DATASET : RepoKind.MODEL, name);
        if (!repo.path().isEmpty()) {
            throw new BadInput(name + ": is a file or folder of a repository; give --include '" + repo.path()
                    + "' beside " + repo.name());
        }
        if (revision != null && name.contains("@")) {
            throw new BadInput(
                    "--revision " + revision + ": " + name + " names a revision, too; leave out one of them");
        }
        return repo;
    }

    private int download(RepoName repo, Preset known, Surroundings around) {
        if (known != null) {
            LOG.info("{}: {}", known.word(), known.described());
        }
        try (Download download = new Download(Hub.settings(), around)) {
            Download.Listing listing = download.list(repo);
            List<String> globs = known == null ? includes : known.includes();
            Download.Chosen chosen = globs.isEmpty() ? download.whole(listing) : download.choose(listing, globs);
            String next = known == null ? null : known.next(chosen);
            listing.licence().ifPresent(licence -> LOG.info("{}: licence {}", repo, licence));
            if (dryRun) {
                chosen.lines().forEach(spec.commandLine().getOut()::println);
                LOG.info(
                        "{}: {} of {} files, {}",
                        repo,
                        chosen.count(),
                        listing.paths().size(),
                        TransferProgress.mebibytes(chosen.size()));
                return ExitCode.DONE;
            }
            Path folder = download.fetch(chosen, workers);
            LOG.info("{}: commit {}", repo, listing.commit());
            spec.commandLine().getOut().println(folder);
            if (next != null) {
                LOG.info("next: ./candor {}", next);
            }
            return ExitCode.DONE;
        }
    }
}
