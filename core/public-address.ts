import ipaddr from "ipaddr.js";

/** Addresses that look public and answer for a cloud's inside: Azure's wire server. Others are in special ranges already. */
const CLOUD_INSIDES = new Set(["168.63.129.16"]);
/** 2000::/3 is all of IPv6 that is assigned as global unicast (RFC 4291 §2.4, IANA's registry); 3fff::/20 is for documentation. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");
const DOCUMENTATION = ipaddr.IPv6.parseCIDR("3fff::/20");

/**
 * Does this IP address (as a socket takes it) belong to the public internet? Loopback, private, link-local, carrier-grade
 * NAT, benchmarking, multicast and reserved ranges do not (IANA's special-purpose registries, as ipaddr.js knows them), nor do
 * IPv6 addresses that carry an IPv4 address inside (mapped, compatible ::/96, NAT64, 6to4, Teredo): those are never needed to
 * reach a public service and hide the address that is really dialled. Anything that is no address is not public.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== "unicast") return false;
  if (parsed instanceof ipaddr.IPv6) return parsed.match(GLOBAL_UNICAST) && !parsed.match(DOCUMENTATION);
  return !CLOUD_INSIDES.has(parsed.toString());
}

/** An address in its plainest form: an IPv4 address that travels inside IPv6 as itself. Null for what is no address. */
const plain = (address: string) => (ipaddr.isValid(address) ? ipaddr.process(address) : null);

/** Written out: an address in fewer parts ("11") is more likely a mistake. */
const isAddress = (text: string) => ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);

/** Is this an address, or a range of them in CIDR notation? */
export const isAddressRange = (text: string): boolean =>
  text.includes("/") ? isAddress(text.slice(0, text.indexOf("/"))) && ipaddr.isValidCIDR(text) : isAddress(text);

/** Does an address lie in a range, or is it that very address? */
export function isWithin(address: string, range: string): boolean {
  const one = plain(address);
  if (!one) return false;
  if (!range.includes("/")) return plain(range)?.toNormalizedString() === one.toNormalizedString();
  const [base, bits] = ipaddr.parseCIDR(range);
  return one.kind() === base.kind() && one.match(base, bits);
}
