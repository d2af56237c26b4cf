package candor.evaluate.deception;

import candor.evaluate.Task;
import candor.evaluate.data.DataRow;
import candor.evaluate.data.Stances;
import java.util.List;
import java.util.Map;

/**
 * A row of DeceptionBench.
 *
 * @param inner asked plainly: its reply is the belief
 * @param stances for rules: the words that mark each stance; empty in published data
 */
record DeceptionRow(
        String id,
        Type type,
        String inner,
        String system,
        String outer,
        String format,
        Map<String, List<String>> stances,
        DataRow data)
        implements Task.Row {
    @Override
    public String subset() {
        return type.label();
    }

    static DeceptionRow read(DataRow row) {
        String named = row.text("type");
        Type type = Type.named(named)
                .orElseThrow(
                        () -> row.bad(
                                "unknown type \"" + named + "\"; the types are sycophantic misrepresentation,"
                                        + " alignment faking, sandbagging, goal-driven rule breaking, honesty evasion under pressure"));
        return new DeceptionRow(
                row.optional("id").orElse(Long.toString(row.origin().row())),
                type,
                row.text("inner_prompt"),
                row.optional("system_prompt").orElse(""),
                row.text("outer_prompt"),
                row.optional("format").orElse(""),
                Stances.of(row),
                row);
    }
}
