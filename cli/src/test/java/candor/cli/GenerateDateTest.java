package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candor.comm.Communicator;
import candor.comm.ThreadCommunicator;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class GenerateDateTest {
    @Test
    void processesOnTwoSidesOfMidnightHaveTheDateOfTheFirst() throws Exception {
        LocalDate day = LocalDate.of(2027, 1, 1);
        List<Future<LocalDate>> dates = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            for (Communicator comm : ThreadCommunicator.group(3, Duration.ofSeconds(60))) {
                dates.add(threads.submit(() -> GenerateCommand.theSame(comm, day.minusDays(comm.rank()))));
            }
        }
        for (Future<LocalDate> date : dates) {
            assertThat(date.get()).isEqualTo(day);
        }
        assertThat(GenerateCommand.theSame(Communicator.ALONE, day)).isEqualTo(day);
    }
}
