package candor.train.distributed;

import candor.BadInput;
import candor.comm.Communicator;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Whether all processes are about to do the same: the same program, the same settings, the same files. */
public final class StartCheck {
    private static final int SHOWN = 60;

    private StartCheck() {}

    /**
     * Compares; all processes take part.
     *
     * @param facts what must be the same everywhere, by name
     * @throws BadInput in all of them, where one has something else than the first: names it
     */
    public static void require(Communicator comm, Map<String, String> facts) {
        if (comm.size() == 1) {
            return;
        }
        StringBuilder lines = new StringBuilder();
        facts.forEach((name, value) ->
                lines.append(line(name)).append('\t').append(line(value)).append('\n'));
        List<byte[]> all = comm.allGather(lines.toString().getBytes(StandardCharsets.UTF_8));
        Map<String, String> first = read(all.getFirst());
        for (int rank = 1; rank < all.size(); rank++) {
            Map<String, String> other = read(all.get(rank));
            for (Map.Entry<String, String> fact : first.entrySet()) {
                String theirs = other.remove(fact.getKey());
                if (!fact.getValue().equals(theirs)) {
                    throw differs(rank, fact.getKey(), theirs, fact.getValue());
                }
            }
            if (!other.isEmpty()) {
                Map.Entry<String, String> more = other.entrySet().iterator().next();
                throw differs(rank, more.getKey(), more.getValue(), null);
            }
        }
    }

    private static BadInput differs(int rank, String name, String theirs, String first) {
        return new BadInput(
                "processes that train together must have the same program, settings and files, and of " + name
                        + " process " + rank + " has " + shown(theirs) + ", process 0 " + shown(first),
                "start all of them from one folder, with one command line");
    }

    private static String shown(String value) {
        return value == null ? "none" : value.length() <= SHOWN ? value : value.substring(0, SHOWN) + "…";
    }

    private static String line(String text) {
        return text.replaceAll("[\t\n\r]", " ");
    }

    private static Map<String, String> read(byte[] lines) {
        Map<String, String> facts = new LinkedHashMap<>();
        new String(lines, StandardCharsets.UTF_8).lines().forEach(line -> {
            int tab = line.indexOf('\t');
            facts.put(line.substring(0, tab), line.substring(tab + 1));
        });
        return facts;
    }
}
