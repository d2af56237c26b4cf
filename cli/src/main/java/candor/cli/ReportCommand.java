package candor.cli;

import candor.report.Report;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code candor report}: a folder's results as one HTML file. */
@Command(
        name = "report",
        description = {
            "Makes one HTML file with the figures and tables of a study, a training run or an evaluation, or of a"
                    + " folder that holds several of them. Beside it, every table, and all replies, as CSV: report-tables/"
                    + " for report.html.",
            "It opens in any browser, without a network. The same folder gives the same files."
        })
final class ReportCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "DIR",
            description = "The folder of a study, a run or an evaluation, or a folder of such folders.")
    private Path folder;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "The file to write; report.html in the folder if not given.")
    private Path output;

    @Option(names = "--force", description = "Overwrite an existing file, and its tables.")
    private boolean force;

    @Option(names = JsonOut.OPTION, description = "Prints the file's name and the findings as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        Path file = output == null ? folder.resolve("report.html") : output;
        Report report = Report.of(folder);
        report.write(file, force);
        spec.commandLine().getOut().println(json ? JsonOut.text(told(file, report)) : file);
        return ExitCode.DONE;
    }

    private static ObjectNode told(Path file, Report report) {
        ObjectNode told = JsonNodeFactory.instance.objectNode().put("report", file.toString());
        ArrayNode findings = told.putArray("findings");
        report.findings().forEach(findings::add);
        return told;
    }
}
