package candor.cli;

import candor.BadInput;
import candor.hub.HubSettings;
import candor.hub.RepoKind;
import candor.hub.RepoName;
import candor.hub.Upload;
import candor.hub.UploadFolder;
import candor.io.IoReason;
import candor.lora.AdapterFolder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code candor upload}: an adapter or a model with its card, onto the Hugging Face Hub. */
@Command(
        name = "upload",
        description = {
            "Uploads an adapter, or a merged model, with its card to a repository of the Hugging Face Hub, in one commit; the"
                    + " repository is made where it is not there. What goes is listed first, and nothing goes without a yes.",
            "The card and adapter_config.json name the base as the Hub has it. HF_TOKEN, or the file that 'hf auth login' writes, is the"
                    + " token, which must be one that may write."
        })
final class UploadCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(UploadCommand.class);

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "The folder of the adapter or model, or its run's.")
    private Path folder;

    @Option(names = "--repo", required = true, paramLabel = "ORG/NAME", description = "The repository.")
    private String repository;

    @Option(
            names = "--private",
            description = "A repository that is made is seen by its owner alone; one that everybody sees is refused.")
    private boolean hidden;

    @Option(
            names = "--revision",
            paramLabel = "BRANCH",
            description = "The branch of the commit, made where it is not there; main, if not given.",
            showDefaultValue = CommandLine.Help.Visibility.NEVER)
    private String revision;

    @Option(
            names = "--base-model",
            paramLabel = "ORG/NAME",
            description = "The base's name on the Hub, where the adapter knows it by a folder.")
    private String baseModel;

    @Option(
            names = "--license",
            paramLabel = "ID",
            description = "The licence that the card names, where it names none yet: apache-2.0, mit, llama3.1, …")
    private String licence;

    @Option(names = "--message", paramLabel = "TEXT", description = "What the commit says.")
    private String message = "Upload with Candor";

    @Option(names = "--dry-run", description = "Prints what would go, and sends nothing.")
    private boolean dryRun;

    @Option(names = "--yes", description = "Uploads without asking.")
    private boolean yes;

    @Override
    public Integer call() {
        RepoName name = RepoName.of(RepoKind.MODEL, repository);
        if (name.kind() != RepoKind.MODEL || !name.path().isEmpty()) {
            throw new BadInput("--repo " + repository + ": must be the name of a repository of models, ORG/NAME");
        }
        RepoName repo = revision == null ? name : name.at(revision);
        UploadFolder files = UploadFolder.of(AdapterFolder.find(folder), baseModel, licence);
        HubSettings settings = Hub.settings();
        list(files, dryRun ? spec.commandLine().getOut() : spec.commandLine().getErr());
        LOG.info(
                "{} files, {}, to {} of {}{}",
                files.files().size(),
                TransferProgress.mebibytes(files.size()),
                repo,
                settings.endpoint(),
                hidden ? ", private" : "");
        if (!files.left().isEmpty()) {
            LOG.info("stays here: {}", String.join(", ", files.left()));
        }
        files.remarks().forEach(LOG::warn);
        if (dryRun) {
            return ExitCode.DONE;
        }
        if (!yes && !agreed()) {
            LOG.info("nothing was sent");
            return ExitCode.DONE;
        }
        String commit = Hub.transferring(spec, around -> {
            try (Upload upload = new Upload(settings, around)) {
                return upload.run(repo, files, hidden, message);
            }
        });
        spec.commandLine().getOut().println(commit);
        return ExitCode.DONE;
    }

    private static void list(UploadFolder files, PrintWriter to) {
        files.files().forEach(file -> to.println(String.format(Locale.ROOT, "%,15d  %s", file.size(), file.path())));
        to.flush();
    }

    private boolean agreed() {
        if (!Tty.isTerminal(Tty.STDIN)) {
            throw new BadInput(
                    "upload: there is no terminal to ask whether that is right; look at what --dry-run prints, then"
                            + " give --yes");
        }
        PrintWriter err = spec.commandLine().getErr();
        err.print("Upload these? [y/N] ");
        err.flush();
        try {
            String answer = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
            return answer != null && answer.strip().toLowerCase(Locale.ROOT).matches("y|yes");
        } catch (IOException e) {
            throw new BadInput("the answer cannot be read: " + IoReason.of(e), e);
        }
    }
}
