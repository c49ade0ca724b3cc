const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DATE_TIME = /^\s*(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})$/;

/**
 * The instant of an INTERNALDATE (RFC 9051 §9, date-time) in seconds since 1970: the same for every zone it may be written in. A text that is no
 * date counts as 0, which still recognises the message together with its size.
 */
export function instantOf(internalDate: string): number {
  const parts = DATE_TIME.exec(internalDate);
  if (parts === null) return 0;
  const [, day, month, year, hour, minute, second, sign, zoneHour, zoneMinute] = parts;
  const local = Date.UTC(
    Number(year),
    MONTHS.indexOf((month ?? "").toLowerCase()),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const zoneSeconds = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60 * (sign === "-" ? -1 : 1);
  return local / 1000 - zoneSeconds;
}
