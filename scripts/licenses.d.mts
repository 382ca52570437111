export type ShippedPackage = { name: string; version: string; licence: string };
export function mayBeShipped(expression: string): boolean;
export function shippedPackages(): ShippedPackage[];
export function report(packages?: ShippedPackage[]): string;
